/** Everything in `house/`, in one process. */

import { testsIn } from './helpers/folder.ts'

await testsIn('house')
