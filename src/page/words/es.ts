/** The page's sentences in Spanish, one for each in `en.ts`. */

import { h } from '../h.ts'
import type { Words } from './en.ts'

const format = new Intl.NumberFormat('es')
const number = (n: number) => format.format(n)
const count = (n: number, one: string, many: string) => `${number(n)} ${n === 1 ? one : many}`
const [a, A, B, G, S] = ['a', 'A', 'B', 'G', 'S'].map((name) => h('var', null, name))
const bytes = (n: number) => count(n, 'byte', 'bytes')

export const es: Words = {
  locale: 'es',
  bytes,
  notYet: 'todavía no',

  // Where secrets are
  inTerminal: 'en tu terminal',
  textsInTerminal: 'en tu terminal',
  hidden: 'oculto por --no-secrets',
  textsHidden: 'ocultos por --no-secrets',
  shownWork: 'en tu terminal, por --show-work',
  nowhere: 'no se muestra en ningún sitio',

  // What it costs to find a private key
  billions: (n) => `${number(1000 * n)} millones`,
  port: 'puerto',

  // The stream
  live: 'en directo',
  lost: 'sin conexión: buscando el programa',
  startedAgain: 'El programa de este puerto se ha reiniciado.',
  newRecords: (n) => `${number(n)} registros nuevos.`,

  // Records
  forms: {
    'key message': 'mensaje de claves',
    'answer to a key message': 'respuesta a un mensaje de claves',
    'sealed message': 'mensaje cifrado',
    'answer to a sealed message': 'respuesta a un mensaje cifrado',
    'picture header': 'imagen cifrada',
    'answer to a picture': 'respuesta a una imagen',
    refusal: 'rechazo',
  },
  request: 'una petición',
  unknownRequest: 'una petición de forma desconocida',
  noAnswer: 'sin respuesta',
  unknownAnswer: 'una respuesta de forma desconocida',
  sent: 'Enviado',
  received: 'Recibido',
  step: 'paso',
  bytesOfRecord: (n) => `Los bytes del registro ${n}`,
  unread: 'Se rechazó antes de leer su contenido.',
  unanswered: 'La otra parte no respondió.',
  unknown:
    'No tiene ninguna de las formas que conoce el protocolo, así que no se conserva nada de su contenido.',
  chunks: (n, each, last) =>
    `Después viene la imagen, con su tipo y su nombre también cifrados: ${count(n, 'bloque', 'bloques')} de ChaCha20-Poly1305, ${n > 1 ? `de ${bytes(each)} cada uno y el último ` : ''}de ${bytes(last)} (RFC 8439, sección 2.8).`,
  writtenAsHex: (digits) => `escritos con ${count(digits, 'dígito', 'dígitos')} hexadecimales`,
  characters: (text) => (text.length === 1 ? `el carácter ${text}` : `los caracteres ${text}`),
  inHex: (field) => `${field} en hexadecimal`,

  // Comparing the safety number
  noOwnNumber: 'Aquí todavía no hay ningún número con el que compararlo.',
  faults: {
    none: 'No contiene ninguna cifra.',
    several: 'Contiene más de un número. Deja solo el que te dio la otra parte.',
    long: 'Contiene demasiadas cifras: el número tiene doce grupos de cinco.',
  },
  unfinishedNumber: (whole) =>
    whole === 0
      ? 'Aún incompleto: ninguno de los doce grupos tiene sus cinco cifras.'
      : `Aún incompleto: ${whole} de los doce grupos hasta ahora, sin diferencias.`,
  differentNumber: (different, whole) =>
    `DISTINTO: ${different} de ${count(whole, 'grupo', 'grupos')} no ${different === 1 ? 'coincide' : 'coinciden'}. Pide que te lo lean otra vez. Si sigue siendo distinto, hay alguien en medio: no envíes nada más.`,
  sameNumber:
    'Iguales: los doce grupos coinciden. Si el número te lo dio la otra persona, y no llegó por este canal, no hay nadie en medio.',
  groupIs: { same: 'igual:', different: 'distinto:', unfinished: 'incompleto:' },
  yours: (group) => `aquí ${group}`,

  // Steps
  next: 'siguiente',
  waiting: (n) => `${count(n, 'mensaje cifrado', 'mensajes cifrados')} sin abrir`,
  inDoubt: (seq) =>
    `El mensaje ${seq} puede haber llegado. Envía el mismo texto otra vez, o ninguno: cuenta una sola vez.`,
  othersKeys: 'La otra parte envía la suya',
  othersOpen: 'La otra parte lo descifra, en su terminal',
  othersPicture: 'La otra parte la ve en su página',
  sentFirst: 'Enviada. Para una sesión hace falta también la clave de la otra parte.',
  sentBoth: 'Enviada. Ahora las dos partes tienen las claves.',
  showNone: 'Todavía no hay secreto compartido; tu terminal lo dice.',
  showHidden: 'No se muestra: el programa se inició con --no-secrets.',
  showThere:
    'Está en tu terminal. Da este paso también en la otra parte y compara: son iguales si no hay nadie en medio.',
  sealedText: (size, seq) => `Cifrado: ${bytes(size)}. Enviado como mensaje ${seq}.`,
  opened: (n) =>
    n === 1
      ? '1 mensaje descifrado en tu terminal.'
      : `${number(n)} mensajes descifrados en tu terminal.`,
  theirsShown: 'Está en su terminal: compáralo con el tuyo.',
  theirsOpened: (n) =>
    n === 1
      ? '1 mensaje descifrado en su terminal.'
      : `${number(n)} mensajes descifrados en su terminal.`,
  sealedPicture: (type, size) => `Cifrada y enviada: ${type}, ${bytes(size)}.`,
  thenNext: 'Siguiente:',
  peerGone: 'El programa de este puerto no responde. ¿Está en marcha?',
  copy: 'copiar',
  copyCurl: 'copiar curl',
  copied: 'copiado',

  // The picture
  pictureAlt: (type, size) => `La última imagen recibida: ${type}, ${bytes(size)}`,
  pictureOpened: (type, size) => `Descifrada: ${type}, ${bytes(size)}.`,
  sealedNotKept:
    'Lo que pasó por el canal no se conserva: la imagen llegó antes de esta ejecución.',
  noiseAlt:
    'Su texto cifrado dibujado como píxeles: ruido uniforme, nada de la imagen se distingue',
  noise: (n) =>
    `En el canal: sus primeros ${count(n, 'byte cifrado', 'bytes cifrados')}, tres por píxel. Quien espía conoce su longitud.`,

  // The letters
  noSample: 'Todavía no ha llegado ningún texto cifrado.',
  fewLetters: (n) =>
    `Por ahora solo ${n === 1 ? 'ha llegado' : 'han llegado'} ${count(n, 'letra', 'letras')} de texto cifrado: muy pocas para dibujarlas. A partir de 1000, el azar ya no parece picos. Con una imagen sobran.`,
  sample: (n) =>
    `Recuento de ${count(n, 'letra', 'letras')} del texto cifrado, en base64: plano salvo por el azar, fuera cual fuera el texto, y más plano cuantas más hay. El inglés tiene picos.`,
  noneYet: 'todavía no',
  letterColumns: ['letra', 'inglés, %', 'texto cifrado, %'],
  plotAlt:
    'Con qué frecuencia aparece cada letra: en inglés con picos, en el texto cifrado plana. Los números están en la tabla de abajo.',
  plotEnglish: 'inglés, barra hueca',
  plotCiphertext: 'texto cifrado, barra llena',

  // The page
  title: (port) => `ecdh-duet en el puerto ${port}`,
  skip: 'Ir al canal',
  where: (port) => `puerto ${port}, curva`,
  present: 'Presentar',
  otherLanguage: 'In English',
  legend: 'Qué dicen los colores',
  legendPublic: 'público: lo tiene cualquiera que escuche el canal',
  legendSecret: 'secreto: nunca pasa por el canal ni por esta página',

  you: 'Tú',
  basePoint: 'punto base',
  sendKeys: 'Envía tu clave pública',
  sendKeysButton: 'Enviar mi clave',
  openItsPage: 'Abrir su página',
  show: 'Mira el secreto compartido, en tu terminal',
  showButton: 'Mostrarlo allí',
  sendText: 'Cifra un texto y envíalo',
  textLabel: 'Tu texto (si lo dejas vacío, el que trae el programa)',
  sendTextButton: 'Enviar el texto',
  exampleText: 'Nos vemos a mediodía',
  open: 'Descifra lo recibido, en tu terminal',
  openButton: 'Descifrarlo allí',
  sendPicture: 'Cifra una imagen y envíala',
  pictureLabel: 'Elige una imagen o suéltala aquí (si no, se envía la que trae el programa)',
  sendPictureButton: 'Enviar la imagen',
  progressLabel: 'Qué parte de la imagen se ha enviado',

  wire: 'El canal',
  wireWhere: 'donde escucha todo el mundo',
  youLane: 'tú',
  otherLane: 'la otra parte',
  quiet:
    'En esta ejecución todavía no ha pasado nada por el canal. Lo que pase aparecerá aquí al instante; abre un registro y verás explicado cada uno de sus bytes.',
  recordsListLabel: 'Registros, del más antiguo al más reciente',

  both: 'Tú y la espía',
  bothLabel: 'Quién tiene qué',
  what: 'Qué',
  youHere: 'Tú, en este lado',
  anyone: 'Quien solo escucha',
  hasIt: 'lo tiene',
  hasKey: 'la tiene',
  hasBoth: 'tiene los dos',
  lacksIt: 'no lo tiene',
  lacksKey: 'no la tiene',
  lacksThem: 'no los tiene',
  hasAll: 'tiene todo lo que pasó, y su longitud',
  inRecords: 'en los registros',
  rowYourPublicKey: 'tu clave pública',
  yourPublicKeyInTable: 'Tu clave pública, en la tabla',
  rowOthersPublicKey: 'la clave pública de la otra parte',
  othersPublicKeyInTable: 'La clave pública de la otra parte, en la tabla',
  rowSession: 'el identificador de la sesión, y la etiqueta que la confirma',
  rowYourIdentity: 'tu identidad',
  rowOthersIdentity: 'la identidad de la otra parte',
  rowCiphertext: 'el texto cifrado de ML-KEM',
  rowSealed: 'cada texto e imagen, cifrados',
  rowPrivateKey: 'tu clave privada',
  untilErased: '; se borra en cuanto las dos partes tienen las claves',
  rowSharedSecret: 'el secreto compartido',
  rowKemSecret: 'lo que lleva dentro ese texto cifrado',
  rowMessageKeys: 'la clave de cada mensaje',
  messageKeysAt: 'no se muestra en ningún sitio; se sobrescribe en cuanto se ha usado',
  rowTexts: 'los textos',
  cost: (rho, years, fasterYears) => [
    'Para obtener el secreto compartido a partir de lo que tiene, la espía debe hallar una de las claves privadas a partir de su clave pública: unas ',
    h('strong', null, '2', h('sup', null, rho), ' sumas de puntos'),
    ' con el mejor método conocido para esta curva, la rho de Pollard (',
    h('a', { href: 'https://safecurves.cr.yp.to/rho.html' }, 'SafeCurves'),
    '). Una curva sobre un primo de 112 bits cayó en 2009, un récord en su género, tras 8,5 × 10',
    h('sup', null, '16'),
    ' sumas: tres meses y medio de trabajo de más de 200 consolas de videojuegos (',
    h('a', { href: 'https://www.epfl.ch/labs/lacal/articles/112bit_prime/' }, 'EPFL'),
    '). A esa velocidad necesita ',
    h('strong', null, `${years} años`),
    `; mil millones de veces más rápido, ${fasterYears}. El universo tiene 14.000 millones de años.`,
  ],
  quantumAlone:
    'Nadie ha demostrado que no haya un método mejor, y un ordenador cuántico grande dispondría de uno (el algoritmo de Shor), también para todo lo que se grabó antes. Hoy no existe ninguno lo bastante grande. Contra eso, los dos programas se pueden iniciar en X25519MLKEM768.',
  kemCost: `Eso es la mitad de X25519. La espía necesita además lo que lleva dentro el texto cifrado, y para ello debe romper ML-KEM-768, diseñado para que eso sea tan difícil
como hallar una clave de AES-192: categoría de seguridad 3 (FIPS 203, sección 8).`,
  quantumJoined: `Nadie ha demostrado que no haya un método mejor. Un ordenador cuántico grande dispondría de uno para la mitad de X25519 (el algoritmo de Shor), y para la otra no se conoce ninguno: lo que
se graba hoy sigue cerrado. Si ese ordenador existiera ya durante el intercambio, podría hallar la clave privada de una identidad, que es de X25519, y hacerse pasar por esa parte.`,

  them: 'La otra parte',
  safety: 'El número de seguridad',
  safetyHow:
    'Si la otra parte tiene los mismos doce grupos, no hay nadie en medio. Que los pasos salgan bien no lo demuestra.',
  safetyKnown: 'A esta otra parte ya la conocías: su identidad es la misma que la última vez.',
  safetyNew: 'A esta otra parte no la conocías.',
  theirsLabel: 'El número que te lee o te envía la otra parte',
  theirsHint: 'Al pulsar el botón lo recibe tu propio programa, y nadie más.',
  sums: {
    title: 'Del secreto a una clave',
    identities: 'J es su identidad, e i es la clave privada de la tuya. ',
    keysHeld: 'Calculado; a sigue ahí, porque la otra parte aún no ha probado nada.',
    keysGone: (isShown) =>
      `Usado, y borrado junto con a${isShown ? '; S queda para tu terminal hasta las próximas claves' : ''}.`,
    whyThree:
      'S no es una clave. Es una coordenada de un punto: la mitad de los valores no aparece nunca, y cualquiera sabe cuáles. Y no dice con quién lo compartes. Por eso cada identidad entra con un Diffie-Hellman propio: quien dice tenerla necesita su clave privada.',
    joined: 'Va delante de los otros. Queda mientras quede S.',
    whyKem:
      'Lo que lleva el texto cifrado C. A quien rompe la curva le falta K, y a quien rompe ML-KEM le falta S.',
    hashed: (hasKem) => `las dos identidades, las dos claves públicas${hasKem ? ', C' : ''}`,
    sessionIs: 'Público; sus primeros 16 bytes dan nombre a la sesión:',
    whyTranscript:
      'Todo lo que se han dicho las dos partes. Si alguien cambió un bit por el camino, cada parte obtiene otras claves y nada se descifra.',
    theseSecrets: 'estos secretos',
    hkdfHeld: 'Ahí hasta que la otra parte pruebe que tiene lo mismo.',
    hkdfGone: 'Usado, y borrado.',
    whyHkdf:
      'De ello salen claves que parecen azar, una para cada uso y sentido: ninguna dice nada de otra.',
    whyChain:
      'Cada clave cifra un solo texto, junto con la sesión, quién envía y el número, y se borra. Cada paso sobrescribe la cadena: de la de hoy nadie calcula las claves de ayer.',
    toThem: 'Lo que envías: ',
    fromThem: 'Lo que llega: ',
    keyGone: 'usadas, borradas',
    keyWaits: (count) => `${number(count)} sin abrir`,
    keyNext: 'siguiente',
    keyFirst: 'todavía no',
  },
  words: 'Los términos',
  vocabulary: [
    {
      word: 'punto base',
      also: 'también llamado “clave pública”',
      is: 'El generador de la curva, el mismo para todos.',
    },
    {
      word: 'clave pública',
      also: 'también llamada “clave combinada”',
      is: 'Clave privada por punto base, nueva en cada intercambio.',
    },
    {
      word: 'secreto compartido',
      also: 'también llamado “clave compartida”',
      is: 'Mi clave privada por tu clave pública: igual en los dos lados si nadie cambió una clave pública por el camino.',
    },
    {
      word: 'identidad',
      is: 'La clave pública de larga duración de cada parte; de ella sale el número de seguridad.',
    },
    {
      word: 'sesión',
      is: 'Las claves que da un intercambio completo.',
    },
    {
      word: 'cadena',
      is: 'Da a cada mensaje de la sesión una clave propia, y se sobrescribe con cada uno.',
    },
    {
      word: 'clave de encapsulación',
      is: 'Aquí, la otra mitad de una clave pública: quien la tiene puede crear un texto cifrado que lleva un secreto a su dueño.',
      isOfKem: true,
    },
  ],

  sheet: 'Lo esencial de esta ejecución, en una hoja',
  sheetPeer: 'la otra parte',
  sheetRun: 'ejecución, y cuándo empezó',
  sheetSession: 'sesión',
  sheetSent: 'mensajes enviados en ella',
  sheetReceived: 'mensajes recibidos en ella',
  sheetName: 'nombre',
  sheetCompared: 'número de seguridad comparado con, el día',
  sheetRecords: 'Los últimos registros; la transcripción los tiene todos, con cada byte.',
  print: 'Imprimir lo esencial',

  pictures: 'La imagen recibida',
  noPicture: 'Todavía no ha llegado ninguna imagen. La otra parte envía una con',
  letters: 'Las letras del texto cifrado',
  numbers: 'Los números',
  transcript: 'La transcripción',
  transcriptHow: () => [
    h('a', { href: 'transcript', download: '' }, 'Descarga la transcripción de esta ejecución'),
    ': todos los registros de arriba y el estado público, en JSON. Entrégala, y quien la tenga podrá comprobarla: el nombre de la sesión y el número de seguridad se deducen de lo que contiene.',
  ],

  // The next step
  textHint: 'Tu texto, o el de este programa',
  nextButtons: {
    '/send_keys': 'Enviar mis claves',
    '/other/send_keys': 'Enviar sus claves',
    compare: 'Comparar el número',
    '/show': 'Mostrar el secreto en mi terminal',
    '/send_msg': 'Enviar el texto',
    '/decrypt_msg': 'Descifrarlo en mi terminal',
    '/other/decrypt_msg': 'Descifrarlo en su terminal',
  },
  remembered: 'Tu programa lo recuerda.',
  compareLater: 'Después: mostrar el secreto',

  // The acts on the wire, and what is folded
  acts: { keys: 'Las claves', compare: 'La comparación', messages: 'Los mensajes' },
  actSession: (id) => `De aquí salió la sesión ${id}…`,
  actSame:
    'El mismo número en los dos lados, según alguien en este puerto. Nada de eso pasa por el canal.',
  actDifferent: 'Los números difieren: hay alguien en medio, o se leyó mal.',
  folded: ({ keys, messages, pictures, others, refused }) =>
    [
      ...(keys > 0 ? [count(keys, 'mensaje de claves', 'mensajes de claves')] : []),
      ...(messages > 0 ? [count(messages, 'mensaje cifrado', 'mensajes cifrados')] : []),
      ...(pictures > 0 ? [count(pictures, 'imagen cifrada', 'imágenes cifradas')] : []),
      ...(others > 0 ? [count(others, 'otra petición', 'otras peticiones')] : []),
      ...(refused > 0 ? [count(refused, 'rechazo', 'rechazos')] : []),
    ].join(', '),
  earlierActs: (n) => count(n, 'parte anterior', 'partes anteriores'),
  showSteps: 'mostrar también mis propios pasos',
  allBytes: (n) => `los ${bytes(n)}`,
  fewerBytes: 'menos',

  // The story
  barLabel: 'Los seis pasos',
  steps: {
    keys: 'tus claves',
    theirs: 'sus claves',
    compare: 'comparar',
    secret: 'el secreto',
    text: 'un texto',
    read: 'leerlo',
  },
  stepIs: { done: 'hecho', next: 'siguiente', coming: 'pendiente' },
  nothingYet: 'Todavía no ha pasado nada por el canal.',
  stageLabel: 'Quién tiene qué',
  eve: 'Eva, que solo escucha',
  stage: {
    has: 'Tiene',
    lacks: 'Le faltan',
    own: {
      none: () => 'todavía no',
      held: (key) => `${key} nunca cruza`,
      gone: (key) => `${key} está borrada`,
    },
    fromWire: 'llegó por el canal',
    arrival: {
      none: 'todavía no',
      pending: 'en camino',
      arrived: '',
      refused: 'rechazada',
      unanswered: 'sin respuesta',
    },
    yours: { computed: 'calculado', proved: 'en tu terminal' },
    hidden: 'borrado: --no-secrets',
    theirs: { computed: 'aún sin probar', proved: 'probado con su etiqueta' },
    denied: 'dice que ya no lo tiene',
    theirTerminal: 'solo para su terminal',
    kemMade: 'C lleva K',
    kemOpened: 'e abre C',
    tags: 'el mismo S: lo prueban las etiquetas',
    kem: 'Aquí una clave pública tiene dos mitades: un punto y una clave de encapsulación E. Su mitad privada e se borra con la otra.',
    renewing: 'Hay claves nuevas en camino. La sesión anterior sigue hasta que se prueben.',
    toy: 'Pruébalo con una curva tan pequeña que se ve',
  },
  happened: {
    nothing: [
      'Todavía no ha pasado nada por el canal. ',
      G,
      ', el punto base, lo conoce todo el mundo. Lo demás empieza con un número secreto, ',
      a,
      ', que se elige cuando envías tus claves.',
    ],
    crossing: (what) => `En el canal ahora mismo: ${what}. Eva también lo lee.`,
    keysSent: [
      'Tu clave pública ',
      A,
      ' ha llegado, y Eva también la ha leído. La clave privada ',
      a,
      ' nunca sale: a partir de ',
      A,
      ' nadie la calcula. Falta ',
      B,
      ', la otra clave pública.',
    ],
    keysCame: [
      'La otra clave pública ',
      B,
      ' ha llegado, y Eva también la ha leído. Envía la tuya y las dos partes podrán calcular ',
      S,
      '.',
    ],
    computed: [
      'Las dos claves públicas están aquí y ',
      S,
      ' está calculado. La otra parte aún no ha probado que tiene el mismo ',
      S,
      '.',
    ],
    agreed: [
      'Las dos partes han calculado el mismo ',
      S,
      ', y cada una lo ha probado con una etiqueta. Eva tiene ',
      A,
      ' y ',
      B,
      ', y de ellas no sale ',
      S,
      '. Quién es la otra parte solo lo dice el número de seguridad.',
    ],
    expired:
      'Nadie ha probado estas claves en una hora, así que la clave privada está borrada. Envía claves otra vez.',
    compared:
      'El número de la otra parte es igual que aquí. Si vino de la otra persona y no por este canal, no hay nadie en medio.',
    shown: 'Lo que hay que ver está en tu terminal y en ningún otro sitio. A Eva no le llega nada.',
    opened:
      'Lo que había llegado está descifrado, en tu terminal. Sus claves se han sobrescrito: nadie descifra esos textos otra vez.',
    textSent:
      'Tu texto ha llegado, cifrado. Eva tiene el texto cifrado y su longitud. La clave de este mensaje se usó una vez y se ha sobrescrito.',
    textCame:
      'Ha llegado un texto cifrado, y su etiqueta es correcta. Eva tiene los mismos bytes, y ninguna clave. Espera a que lo descifres.',
    pictureSent:
      'Tu imagen ha llegado, cifrada en bloques con una clave propia. Eva tiene ruido, y su longitud.',
    pictureCame:
      'Ha llegado una imagen, y se ha descifrado cada bloque. Eva tiene ruido, y su longitud.',
    copy: 'Una copia de un mensaje ya aceptado. Se rechaza, y no se pierde nada: cada mensaje cuenta una vez.',
    unanswered:
      'No hubo respuesta. Puede que la otra parte no esté en marcha, o que la red perdiera algo: nadie sabe aquí si llegó.',
    refusedHere: 'Tu parte ha rechazado lo que llegó:',
    refusedThere: 'La otra parte lo ha rechazado:',
    refusedStep: 'Tu paso se ha rechazado:',
  },
  reasons: {
    unknown_session:
      'No tiene esa sesión: se reinició, o tiene claves más nuevas. Enviad claves desde los dos lados.',
    decrypt_failed:
      'La etiqueta no es correcta. Algo se cambió por el camino, o lo cifró otro. No se ha descifrado nada.',
    replay: 'Ya se aceptó un mensaje con este número, o uno posterior. Cada uno cuenta una vez.',
    identity_changed:
      'Estas claves vienen de otra identidad que la conocida: puede haber alguien en medio.',
    stale_keys:
      'Estas claves ya se usaron o se reemplazaron. Alguien envió otra vez un mensaje de claves antiguo.',
    confirm_failed: 'La etiqueta no es la que dan las claves: una clave se cambió por el camino.',
    reflection: 'Es un mensaje propio, devuelto.',
    curve_mismatch: 'Las dos partes se iniciaron con curvas distintas.',
    inbox_full: 'Allí esperan demasiados mensajes sin abrir.',
    no_session: 'Todavía no hay sesión: antes las dos partes tienen que enviar sus claves.',
    nothing_waiting: 'No ha llegado nada que esté sin abrir.',
    in_doubt:
      'Puede que el texto haya llegado. Envía el mismo otra vez, o ninguno: cuenta una vez.',
    number_differs: 'Los números son distintos: puede haber alguien en medio. No envíes nada más.',
  },
  noReason: 'El registro dice por qué.',
  yourSteps: 'Tus pasos',
  theirSteps: 'Los pasos de la otra parte',
  bothYours:
    'Las dos partes se iniciaron juntas, así que esta página también da los pasos de la otra.',
  theirsSendKeys: 'La otra parte envía su clave pública',
  theirsSendKeysButton: 'Enviar su clave',
  theirsShow: 'Mira el secreto compartido en su terminal',
  theirsShowButton: 'Mostrarlo allí',
  theirsSendText: 'La otra parte envía su propio texto',
  theirsSendTextButton: 'Enviar su texto',
  theirsOpen: 'La otra parte descifra lo recibido',
  theirsOpenButton: 'Descifrarlo allí',
  theirsSendPicture: 'La otra parte envía su imagen',
  theirsSendPictureButton: 'Enviar su imagen',
  isCompared: 'Comparado: el mismo número en los dos lados, según alguien aquí',
  notCompared: 'Aún sin comparar: puede haber alguien en medio',
  numberLabel: 'El número de seguridad, doce grupos',
  compareButton: 'Comparar',
  compareAt: (name) =>
    `Está en su terminal, en ${name}. Pídelo en persona o por teléfono, y no por este canal.`,
  compareBoth: (name) =>
    `Está en la terminal, bajo ${name}. Aquí las dos partes son tuyas; entre dos personas, la otra te lo lee.`,
  comparedHow: 'Vale mientras las dos identidades sigan siendo las mismas.',
}
