/** What the page loads first: its script comes once the browser has shown what the server sent. */

// a tab that nobody looks at has no frames
if (!document.hidden)
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
await import('./page.ts')
