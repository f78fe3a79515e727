/** Everything in `mailbox/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('mailbox')
