/** RFC 5903, "Elliptic Curve Groups modulo a Prime (ECP Groups) for IKE and IKEv2". Bytes as hex. */

/** Section 8.1, 256-bit random ECP group, which is P-256. `i` and `r` are the RFC's two sides. */
export const P256_EXCHANGE = {
  i: {
    privateKey: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
    x: 'dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180',
    y: '5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
  },
  r: {
    privateKey: 'c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53',
    x: 'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63',
    y: '56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
  },
  /** girx, the x coordinate of the common point. */
  sharedSecret: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
} as const
