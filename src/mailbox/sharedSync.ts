/** One wait for the disk for all who wait for the same folder: what databases call a group commit. */

/**
 * Makes of `sync`, which brings a folder's names to the disk, one that callers share. Its promise resolves
 * once a `sync` is done that began after the call, and rejects with the error of that one.
 */
export function shared(sync: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<unknown> = Promise.resolve()
  let next: Promise<void> | null = null
  const begin = () => {
    next = null
    const run = sync()
    underWay = run.catch(() => {})
    return run
  }
  return () => {
    // the one under way may have begun before the caller's name was there
    next ??= underWay.then(begin)
    return next
  }
}
