/**
 * The ways in which two peers can be apart while nothing is under way: those that were found. `make explore` ends with 1
 * if it finds another one.
 */

const NONE = 'no session (its text: no_session)'
const FOREIGN = 'one that the other does not have (its text: unknown_session)'
const LEFT = 'one that the other has left (its text: taken)'
const AHEAD = 'one that the other waits to see confirmed (its text: taken)'
const MEET = '; with a text each way they are together'

/** After one trouble: its short run in explore.test.ts finds exactly these. */
export const WAYS: readonly string[] = [
  `one has ${NONE}, the other ${FOREIGN}`,
  `one has ${NONE}, the other ${AHEAD}${MEET}`,
  `one has ${FOREIGN}, the other ${LEFT}`,
  `one has ${LEFT}, the other ${AHEAD}${MEET}`,
]

/** After more than one, or more keys. Each has a test of its own in schedules.test.ts. */
export const RARE_WAYS: readonly string[] = [
  `one has ${FOREIGN}, the other ${FOREIGN}`,
  `one has ${FOREIGN}, the other ${AHEAD}${MEET}`,
]
