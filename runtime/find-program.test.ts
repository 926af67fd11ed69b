import { expect, it } from 'vitest'
import { findProgram } from './find-program.ts'

it('finds what can be run, by name and by path', async () => {
  await findProgram('node')
  await findProgram(process.execPath)
})

it.each(['no-such-program', '/no/such/program'])('says what cannot be run: %s', async (name) => {
  await expect(findProgram(name)).rejects.toThrow(`${name} cannot be run`)
})
