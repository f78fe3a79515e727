/** Everything in `disk/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('disk')
