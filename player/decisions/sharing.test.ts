import { describe, expect, it } from 'vitest'
import type { Ability } from './ability.ts'
import { DEFAULT_SHARING, describeOffer, mayJoin, type DeviceFacts } from './sharing.ts'

const ABLE: Ability = { mediaSource: true, nativeHls: false, webRtc: true, saveData: false, memoryGb: 8 }
const DESK: DeviceFacts = { isMobile: false, isCellular: false, saveData: false, isHidden: false }

describe('mayJoin', () => {
  it('joins with an able device, unless the viewer wants no peers', () => {
    expect(mayJoin(ABLE, DEFAULT_SHARING)).toBe(true)
    expect(mayJoin(ABLE, { ...DEFAULT_SHARING, peers: false })).toBe(false)
  })

  it.each<Partial<Ability>>([{ webRtc: false }, { saveData: true }, { memoryGb: 1 }])(
    'never joins with %j',
    (lack) => {
      expect(mayJoin({ ...ABLE, ...lack }, DEFAULT_SHARING)).toBe(false)
    },
  )
})

describe('describeOffer', () => {
  it('relays on a line at home, and not on mobile data', () => {
    expect(describeOffer(DESK, DEFAULT_SHARING).relays).toBe(true)
    const onTheRoad = describeOffer({ ...DESK, isMobile: true, isCellular: true }, DEFAULT_SHARING)
    expect(onTheRoad).toMatchObject({ device: 'mobile', relays: false, upload_kbps: 0, max_children: 0 })
  })

  it('goes by the viewer where he has decided', () => {
    const cellular = { ...DESK, isCellular: true }
    expect(describeOffer(cellular, { ...DEFAULT_SHARING, relay: true }).relays).toBe(true)
    expect(describeOffer(DESK, { ...DEFAULT_SHARING, relay: false }).max_children).toBe(0)
    expect(describeOffer(DESK, { ...DEFAULT_SHARING, uploadKbps: 1000 }).upload_kbps).toBe(1000)
    expect(describeOffer(DESK, { ...DEFAULT_SHARING, hideAddress: true }).relay_only).toBe(true)
  })

  it('says that its tab is hidden', () => {
    expect(describeOffer({ ...DESK, isHidden: true }, DEFAULT_SHARING).hidden).toBe(true)
  })
})
