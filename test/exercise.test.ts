/** Everything in `exercise/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('exercise')
