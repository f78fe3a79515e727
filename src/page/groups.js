/** A safety number that somebody typed: the same reading as that of `POST /compare`. */

export { DIGITS, GROUPS, groupsIn } from '../protocol/writtenNumber.ts'
