/** Everything in `commands/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('commands')
