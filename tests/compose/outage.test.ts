/** What counts as a missed bar where a service of docker-compose.yml is ended: deploy/try-compose.sh ends with 1 for any. */
import { expect, it } from 'vitest'
import { missedBy, type Outage } from './outage.ts'
import { selectServices, type Service } from './services.ts'

const MET: Outage = {
  ...{ service: 'x', how: 'crash', backMs: 1000, stallMs: 0, lateMs: 0 },
  ...{ reserveMs: 8500, leastReserveMs: 5000, state: 'playing', notices: [], missed: [] },
}

function serviceOf(name: string): Service {
  const [service] = selectServices(name)
  if (service === undefined) throw new Error(name)
  return service
}

it.each(selectServices('').map((service) => [service.name, service] as const))(
  'no stall, a reserve, playing and back again are bars for %s',
  (_, service) => {
    expect(missedBy(MET, service)).toEqual([])
    for (const change of [{ stallMs: 1 }, { leastReserveMs: 0 }, { state: 'waiting' }, { backMs: null }])
      expect(missedBy({ ...MET, ...change }, service)).not.toEqual([])
  },
)

it('an origin that is away for longer than the reserve lasts is waited for, and nobody else is', () => {
  const outage: Outage = { ...MET, backMs: 10_000, stallMs: 5000, leastReserveMs: 0 }
  expect(missedBy(outage, serviceOf('origin'))).toEqual([])
  expect(missedBy({ ...outage, stallMs: 6000 }, serviceOf('origin'))).toHaveLength(1)
  expect(missedBy(outage, serviceOf('nginx'))).toHaveLength(2)
})

it('a service nobody knows is not ended in silence', () => {
  expect(() => selectServices('origin,orign')).toThrow('orign')
})
