/** Process of the benchmarks: one edge. */

import { startEdge } from '../../support/running-edge.ts'
import { answerParent } from './child.ts'

const [originUrl = '', flv = '{}'] = process.argv.slice(2)
const edge = await startEdge({ originUrl, flv: JSON.parse(flv) })
answerParent({ port: edge.port }, async () => ({ clients: await edge.metric('headwater_edge_flv_clients') }))
