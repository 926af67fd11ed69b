/** A set that some members are drawn from at random, all in constant time per member. */
export class DrawPool<T> {
  readonly #items: T[] = []
  readonly #places = new Map<T, number>()

  get size(): number {
    return this.#items.length
  }

  /** Adds or removes. */
  set(item: T, isMember: boolean): void {
    const place = this.#places.get(item)
    if (isMember === (place !== undefined)) return
    if (place === undefined) {
      this.#places.set(item, this.#items.length)
      this.#items.push(item)
      return
    }
    const last = this.#items.pop()
    this.#places.delete(item)
    if (last === undefined || last === item) return
    this.#items[place] = last
    this.#places.set(last, place)
  }

  /** Up to `count` different members (a partial shuffle in place). */
  draw(count: number, random: () => number): T[] {
    const drawn = Math.min(count, this.#items.length)
    for (let index = 0; index < drawn; index += 1) {
      this.#swap(index, index + Math.floor(random() * (this.#items.length - index)))
    }
    return this.#items.slice(0, drawn)
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#items[a], this.#items[b]]
    if (a === b || first === undefined || second === undefined) return
    this.#items[a] = second
    this.#items[b] = first
    this.#places.set(second, a)
    this.#places.set(first, b)
  }
}
