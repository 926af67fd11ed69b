import { describe, expect, it } from 'vitest'
import { planRestart, TOLD_AFTER_MS } from './restart.ts'

describe('planRestart', () => {
  it('tries a network for ever, and says so only after half a minute', () => {
    for (const failures of [1, 5, 50, 500])
      expect(planRestart({ code: 'network_failed', failures, troubleMs: TOLD_AFTER_MS - 1 })).toMatchObject({
        isTold: false,
        waitMs: expect.any(Number),
      })
    const late = planRestart({ code: 'network_failed', failures: 50, troubleMs: TOLD_AFTER_MS + 1 }, () => 1)
    expect(late).toEqual({ waitMs: 6000, isTold: true })
  })

  it('waits for a room that is not live without a word', () => {
    expect(planRestart({ code: 'room_not_live', failures: 90, troubleMs: 900_000 })).toEqual({
      waitMs: 3000,
      isTold: false,
    })
  })

  it('gives up on what cannot be played here', () => {
    expect(planRestart({ code: 'engine_unsupported', failures: 1, troubleMs: 0 }).waitMs).toBeNull()
    for (const code of ['viewer_token_required', 'viewer_token_invalid'] as const)
      expect(planRestart({ code, failures: 1, troubleMs: 0 })).toEqual({ waitMs: null, isTold: true })
    expect(planRestart({ code: 'media_failed', failures: 8, troubleMs: 0 }).waitMs).not.toBeNull()
    expect(planRestart({ code: 'media_failed', failures: 9, troubleMs: 0 }).waitMs).toBeNull()
  })
})
