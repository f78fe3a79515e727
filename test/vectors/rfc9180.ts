/**
 * RFC 9180, "Hybrid Public Key Encryption": test vectors of base mode with HKDF-SHA256, their first
 * encryption each. Bytes as hex. Those of AES-128-GCM are printed in the RFC, appendix A; those of
 * AES-256-GCM are only in the file that the appendix was made from: test-vectors.json in
 * https://github.com/cfrg/draft-irtf-cfrg-hpke at 5f503c5.
 */

export interface HpkeVector {
  readonly source: string
  readonly curve: 'X25519' | 'P-256'
  readonly aead: 'AES-128-GCM' | 'AES-256-GCM'
  readonly info: string
  /** The sender's ephemeral private key. */
  readonly skEm: string
  readonly skRm: string
  readonly pkRm: string
  /** The sender's ephemeral public key, as it is sent. */
  readonly enc: string
  readonly sharedSecret: string
  readonly key: string
  readonly baseNonce: string
  readonly aad: string
  readonly plaintext: string
  readonly ciphertext: string
}

export const HPKE_BASE: readonly HpkeVector[] = [
  {
    source: 'appendix A.1.1',
    curve: 'X25519',
    aead: 'AES-128-GCM',
    info: '4f6465206f6e2061204772656369616e2055726e',
    skEm: '52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736',
    skRm: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
    pkRm: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
    enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
    sharedSecret: 'fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc',
    key: '4531685d41d65f03dc48f6b8302c05b0',
    baseNonce: '56d890e5accaaf011cff4b7d',
    aad: '436f756e742d30',
    plaintext: '4265617574792069732074727574682c20747275746820626561757479',
    ciphertext:
      'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9' +
      '6d8770ac83d07bea87e13c512a',
  },
  {
    source: 'test-vectors.json: mode 0, kem_id 32, kdf_id 1, aead_id 2',
    curve: 'X25519',
    aead: 'AES-256-GCM',
    info: '4f6465206f6e2061204772656369616e2055726e',
    skEm: '179d4b53b6365c45b600c4163b61d95cbc2f4d9e36f1695558dce265ab8bab11',
    skRm: '497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d',
    pkRm: '430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c',
    enc: '6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256',
    sharedSecret: '3101c54c3a4f87439eaac080699ed9bbcc726ffe44e860c0424ccb7e3e2ead7b',
    key: 'f50b0609186798729ed0564b36ef2ef8044f1f9d05636874d1f46c819c7a669f',
    baseNonce: '151d9929e2449747889bc923',
    aad: '436f756e742d30',
    plaintext: '4265617574792069732074727574682c20747275746820626561757479',
    ciphertext:
      'e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be99319' +
      '80a41de125a925cdad859d5b7a',
  },
  {
    source: 'appendix A.3.1',
    curve: 'P-256',
    aead: 'AES-128-GCM',
    info: '4f6465206f6e2061204772656369616e2055726e',
    skEm: '4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb',
    skRm: 'f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2',
    pkRm:
      '04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a' +
      '826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72e' +
      'a0',
    enc:
      '04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325a' +
      'c98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18' +
      'c4',
    sharedSecret: 'c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8',
    key: '868c066ef58aae6dc589b6cfdd18f97e',
    baseNonce: '4e0bc5018beba4bf004cca59',
    aad: '436f756e742d30',
    plaintext: '4265617574792069732074727574682c20747275746820626561757479',
    ciphertext:
      '5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f' +
      '9076ac232e3ab2523f39513434',
  },
  {
    source: 'test-vectors.json: mode 0, kem_id 16, kdf_id 1, aead_id 2',
    curve: 'P-256',
    aead: 'AES-256-GCM',
    info: '4f6465206f6e2061204772656369616e2055726e',
    skEm: '90345e3a1d116c1dd39ae76d95ab858c142223a63e44f8f85318cfa91a84858e',
    skRm: '317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2',
    pkRm:
      '04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c68513' +
      '6f853148544876de76c0f2ef99cdc3a05ccf5ded7860c7c021238f9e2073d235' +
      '6c',
    enc:
      '04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f0' +
      '3e0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4' +
      'e0',
    sharedSecret: '48893fecd82f7c3456af6a42d8f56325d21e08c10fa81299986aaff54cde7b49',
    key: 'ee16802a936d5f544771131900ee6973d0551de9e852ece2ef34bf0d5f9e1d1d',
    baseNonce: '9bc50980832a7b4b58c40161',
    aad: '436f756e742d30',
    plaintext: '4265617574792069732074727574682c20747275746820626561757479',
    ciphertext:
      '58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d2917424' +
      '65e902cd216f8908da49f8f96f',
  },
]
