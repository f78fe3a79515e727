/** Everything in `page/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('page')
