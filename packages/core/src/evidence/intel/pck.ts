/**
 * The certificate of a platform's key (PCK): what Intel says in it of the platform ("Intel SGX PCK Certificate and Certificate
 * Revocation List Profile Specification", section 1.3.5).
 */
import { toHex } from '../../bytes.ts'
import { AnswerableError } from '../../error.ts'
import {
  type Certificate,
  type Der,
  expectTag,
  readDer,
  readOid,
  readSmall,
  TAG,
  within,
} from '../../x509/index.ts'

export interface Pck {
  /** Which processors, and in which kind of platform; 6 bytes in hex. */
  fmspc: string
  /** Of the enclave that certifies (PCE); 2 bytes in hex. */
  pceid: string
  pcesvn: number
  /** SVNs of the 16 components of SGX's TCB, one by one; never to be compared as one number. */
  components: readonly number[]
  cpusvn: string
  /** Of this very platform; 16 bytes in hex. */
  ppid: string
}

const SGX = '1.2.840.113741.1.13.1'
const PCK_NAME = 'Intel SGX PCK Certificate'
const PCK_ISSUERS = ['Intel SGX PCK Platform CA', 'Intel SGX PCK Processor CA']
export const COMPONENTS = 16

/** Whether a certificate is by its name one of a platform's key. */
export function isNamedPck({ subject, issuer }: Certificate): boolean {
  return subject.parts.get('CN') === PCK_NAME && PCK_ISSUERS.includes(issuer.parts.get('CN') ?? '')
}

/** Throws `bad-certificate`, and as `readDer` does. */
export function readPck({ extensions }: Certificate): Pck {
  const extension = extensions.get(SGX)
  if (extension === undefined)
    throw new AnswerableError(
      'bad-certificate',
      'it has no extension of SGX, by which Intel describes a platform',
    )
  const fields = fieldsOf(readDer(extension.value), 'SGX extension')
  const tcb = fieldsOf(fields.get(`${SGX}.2`), 'TCB')
  const svn = (number: number, most: number): number => {
    const value = readSmall(tcb.get(`${SGX}.2.${number}`), `TCB component ${number}`)
    if (value > most) throw new AnswerableError('bad-certificate', `TCB component ${number}: over ${most}`)
    return value
  }
  return {
    ppid: octets(fields.get(`${SGX}.1`), 16, 'PPID'),
    components: Array.from({ length: COMPONENTS }, (_, i) => svn(i + 1, 255)),
    pcesvn: svn(17, 65_535),
    cpusvn: octets(tcb.get(`${SGX}.2.18`), 16, 'CPUSVN'),
    pceid: octets(fields.get(`${SGX}.3`), 2, 'PCE-ID'),
    fmspc: octets(fields.get(`${SGX}.4`), 6, 'FMSPC'),
  }
}

function fieldsOf(element: Der | undefined, what: string): Map<string, Der> {
  const fields = new Map<string, Der>()
  for (const item of within(element, TAG.sequence, what, 32)) {
    const [id, value] = within(item, TAG.sequence, what, 2)
    const oid = readOid(id, what)
    if (fields.has(oid)) throw new AnswerableError('bad-certificate', `${what}: ${oid} twice`)
    if (value !== undefined) fields.set(oid, value)
  }
  return fields
}

function octets(element: Der | undefined, length: number, what: string): string {
  const { content } = expectTag(element, TAG.octetString, what)
  if (content.length !== length)
    throw new AnswerableError('bad-certificate', `${what}: ${content.length} bytes where ${length} belong`)
  return toHex(content)
}
