/** Everything in `lab/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('lab')
