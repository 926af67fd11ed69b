/** Goes on at once with what is there, later with what is promised: native checks answer at once in Node, later in browsers. */
export function withResult<T>(value: T | Promise<T>, act: (value: T) => void): void {
  if (value instanceof Promise) void value.then(act)
  else act(value)
}
