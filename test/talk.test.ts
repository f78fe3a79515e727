/** Everything in `talk/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('talk')
