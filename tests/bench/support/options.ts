/** What a benchmark is told on its command line: words, and numbers as `--name=1`. */

export function numberOption(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  const value = given === undefined ? NaN : Number(given.split('=')[1])
  return Number.isNaN(value) ? otherwise : value
}

export function wordsGiven(): string[] {
  return process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
}
