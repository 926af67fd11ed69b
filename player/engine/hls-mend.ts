/**
 * Mends the queue of SourceBuffer operations in hls.js 1.7.4. After waiting for one buffer it steps the queues of all of them.
 * If another buffer's operation has just finished, though its `updateend` is not delivered yet, that operation is dropped
 * from its queue early and the next `updateend` counts for the wrong one: "still processing an appendBuffer", a forced change
 * of level, a hole. On a busy page this happens within seconds. Only queues that wait may be stepped.
 */

const STEP = 'stepOperationQueue'
const QUEUE = 'operationQueue'
const BLOCKER = /^async-blocker/

interface OperationQueue {
  current(type: string): { label?: string } | null
}

/** `controller` is hls.js's buffer controller. False when it is not the one this was written for. */
export function mendBufferQueue(controller: unknown): boolean {
  if (typeof controller !== 'object' || controller === null) return false
  const step: unknown = Reflect.get(controller, STEP)
  if (typeof step !== 'function') return false
  const isWaiting = (type: string): boolean => {
    const queue: unknown = Reflect.get(controller, QUEUE)
    return isOperationQueue(queue) && BLOCKER.test(queue.current(type)?.label ?? '')
  }
  Reflect.set(controller, STEP, (types: readonly string[]) =>
    Reflect.apply(step, controller, [types.filter(isWaiting)]),
  )
  return true
}

function isOperationQueue(value: unknown): value is OperationQueue {
  return (
    typeof value === 'object' && value !== null && 'current' in value && typeof value.current === 'function'
  )
}
