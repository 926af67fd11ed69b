// Counts a test run from vitest's JSON report.
import { relative } from 'node:path'

/**
 * Tests passed, failed and skipped. A file that could not be loaded counts as a failed test, and so does a run that ended
 * badly, or not at all, without naming one.
 */
export function countTests(report, exitCode) {
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = report.numFailedTests + brokenFiles
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

const MAX_MESSAGE_LENGTH = 200

/** A line for each test that passed only at the second try, with what the first one said: it is told of, never silent. */
export function flakyLines(report, root) {
  const results = report?.testResults ?? []
  return results.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages }) => status === 'passed' && failureMessages?.length > 0)
      .map(({ ancestorTitles, title, failureMessages }) => {
        const test = [relative(root, name), ...ancestorTitles, title].join(' > ')
        const [message] = failureMessages[0].split('\n')
        return `flaky: ${test}: passed at the second try, failed at the first with: ${message.slice(0, MAX_MESSAGE_LENGTH)}`
      }),
  )
}
