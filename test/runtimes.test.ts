/** Everything in `runtimes/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('runtimes')
