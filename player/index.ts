/** What others may use of the player: the component, and the player without one. */
export { default as LivePlayer } from './components/LivePlayer.vue'
export { Player, type PlayerOptions, type PlayerView } from './player.ts'
export type { PlayerStats } from './playback/stats.ts'
export type { LatencyMode } from './decisions/latency-mode.ts'
