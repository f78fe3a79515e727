/** What the clauses of disorder have in common. */

export const USUAL = { stage: 5, section: 'The exchange', start: 'own', parties: null } as const

/** Where all but the session is right. */
export const NOT_READ = 'The confirmation in the answer to your key message is not taken.'
