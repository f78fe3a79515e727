/** Reports of the examiner, made by hand. */

import type { Clause, Report, Row } from '../../src/classroom/exercise/clause.ts'
import { withPoints } from '../../src/classroom/exercise/points.ts'

/** A clause that is never run. */
export function clauseOf(id: string, facts: Partial<Clause> = {}): Clause {
  return {
    id,
    stage: 1,
    title: 'a key message',
    section: 'Key message',
    sentence: 'The body has exactly these fields.',
    weight: 1,
    start: 'shared',
    parties: null,
    needs: [],
    run: async () => {},
    ...facts,
  }
}

/** A row of `clause`, which passed without a word unless `facts` say otherwise. */
export function rowOf(clause: Clause, facts: Partial<Row> = {}): Row {
  return {
    clause,
    party: null,
    result: 'pass',
    points: 0,
    of: 0,
    finding: null,
    kind: null,
    notes: [],
    reason: null,
    seconds: 0.25,
    ...facts,
  }
}

/** A report of these rows. */
export function reportOf(rows: readonly Row[], facts: Partial<Report> = {}): Report {
  return {
    curve: 'X25519',
    seed: 7,
    version: '1.0.0',
    clauses: '0123456789abcdef',
    rows: withPoints(rows),
    seconds: 12.345,
    subject: 'python3 peer.py',
    remarks: [],
    ...facts,
  }
}
