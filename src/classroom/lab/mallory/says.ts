/** What Mallory says of herself at each point of the attack: what she can do, what she can't, and why. */

export type Point =
  | 'keys'
  | 'agreed'
  | 'numbers'
  | 'message'
  | 'picture'
  // between two who have met before
  | 'identity_changed'
  | 'claimed'
  | 'confirm_failed'

interface Place {
  /** Whom this side of hers faces. */
  readonly victim: string
  /** The other one, whose place she takes. */
  readonly far: string
  /** The URL of this side. */
  readonly url: string
}

const noProof = ({ victim, far }: Place) =>
  `prove that she is ${far}. A part of the keys needs a private key that only ${far} or only ${victim} has.`

export const POINTS: Readonly<Record<Point, (place: Place) => { can: string; cannot?: string }>> = {
  keys: ({ far }) => ({
    can: `keep this from ${far} and send a public key of hers in its place. Nothing in a key says whose it is.`,
    cannot:
      'get at the private key behind it. So she needs a session of her own with each of the two.',
  }),
  agreed: ({ victim, far }) => ({
    can: `open what ${victim} sends. It shares its secret with her and takes her for ${far}.`,
  }),
  numbers: () => ({
    can: 'read everything from here on. Nobody notices until the two numbers are compared.',
    cannot:
      'make them equal. Each has the digits of an identity of hers, and to find one with given digits takes 10^30 tries.',
  }),
  message: ({ far }) => ({
    can: `read it, change it, and seal it anew for ${far}, where it opens like any other.`,
  }),
  picture: ({ url }) => ({ can: `keep a copy while she runs: ${url}/` }),
  identity_changed: ({ victim, far }) => ({
    can: `claim the identity of ${far}. It is public: it came with the keys that ${far} sent.`,
    cannot: `be ${far} with an identity of her own. ${victim} remembers the one that it has met.`,
  }),
  claimed: (place) => ({
    can: `have ${place.victim} take her key in the name of ${place.far}. That alone is no session.`,
    cannot: noProof(place),
  }),
  confirm_failed: (place) => ({
    can: `keep ${place.victim} and ${place.far} apart, and no more. They get no session, and so they send nothing.`,
    cannot: noProof(place),
  }),
}
