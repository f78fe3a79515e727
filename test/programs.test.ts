/** Everything in `programs/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('programs')
