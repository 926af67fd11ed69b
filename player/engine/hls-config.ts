/** The settings of hls.js under which a local track plays without a stall. Each was tried. */
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'

const BACK_BUFFER_S = 4

/** Settings for a latency mode; the loader comes on top. */
export function hlsSettings(mode: LatencyMode) {
  const { targetS, maxBufferS } = MODES[mode]
  return {
    // with a worker, clearing the back buffer can make hls.js take a part for empty and force the level down
    enableWorker: false,
    // single parts in both modes: whole segments cost two seconds of the reserve
    lowLatencyMode: true,
    // our own controller sets the rate
    maxLiveSyncPlaybackRate: 1,
    liveSyncOnStallIncrease: 0,
    liveSyncDuration: targetS,
    liveDurationInfinity: true,
    backBufferLength: BACK_BUFFER_S,
    maxBufferLength: maxBufferS,
    maxMaxBufferLength: maxBufferS,
    // loads from memory take no time: hls.js would believe in infinite bandwidth
    testBandwidth: false,
    // what is loaded is ours to choose, after an error too
    preserveManualLevelOnError: true,
    capLevelToPlayerSize: false,
    autoStartLoad: false,
    // the first part is parsed while the media source still opens
    startFragPrefetch: true,
    errorPenaltyExpireMs: 10_000,
    fragLoadPolicy: {
      default: {
        maxTimeToFirstByteMs: 9000,
        maxLoadTimeMs: 12_000,
        timeoutRetry: { maxNumRetry: 4, retryDelayMs: 0, maxRetryDelayMs: 0 },
        errorRetry: { maxNumRetry: 6, retryDelayMs: 200, maxRetryDelayMs: 1000 },
      },
    },
  }
}
