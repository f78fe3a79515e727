/** Draws once for all that changes within a frame. */
export function onceAFrame(draw: () => void): () => void {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    // a tab that nobody looks at has no frames
    const soon = document.hidden ? queueMicrotask : requestAnimationFrame
    soon(() => {
      isDue = false
      draw()
    })
  }
}
