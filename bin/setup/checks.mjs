// The checks of `npm run check`; `npm run lint`, `format:check` and `types` are one of them each.

/** Each check as a name and the arguments node takes for it. */
export function checks({ withTests }) {
  const all = [
    { name: 'format', args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'] },
    { name: 'lint', args: ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.'] },
    // vue-tsc checks what tsc checks, and the Vue files too.
    { name: 'types', args: ['node_modules/vue-tsc/bin/vue-tsc.js', '--noEmit', '-p', '.'] },
  ]
  const tests = { name: 'unit tests', args: ['node_modules/vitest/vitest.mjs', 'run', '--project=unit'] }
  return withTests ? [...all, tests] : all
}
