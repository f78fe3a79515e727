/** What the clauses of disorder have in common. */

export const USUAL = { stage: 5, section: 'The exchange', start: 'own', parties: null } as const
