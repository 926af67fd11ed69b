/** What an encoder makes of a program: its output rate and its renditions, which stay what they are for the program's life. */
import { z } from 'zod'

const size = z.int().min(2).max(8192)

export const encodingPlanSchema = z.strictObject({
  fps: z.int().min(1).max(120),
  source: z.strictObject({ width: size, height: size }),
  renditions: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9]{1,16}$/),
        width: size,
        height: size,
        fps: z.int().min(1).max(120),
        bitrateKbps: z.int().min(1).max(100_000),
      }),
    )
    .min(1)
    .max(8),
  /** x264's: it shapes the init segment, so every encoder of a program takes the first one's. */
  preset: z.string().max(16).optional(),
  /** What the streamer should know of how it is encoded. */
  notices: z.array(z.strictObject({ code: z.string().max(64), message: z.string().max(512) })).max(8),
})

/** What the encoder found out; what it says of the picture is surer than what the publisher said. */
export type EncodingPlan = z.output<typeof encodingPlanSchema>
