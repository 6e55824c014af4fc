import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMParser } from '@xmldom/xmldom'
import fc from 'fast-check'
import { C14nCanonicalization, ExclusiveCanonicalization } from 'xml-crypto'
import { fromUtf8, utf8 } from '../bytes.ts'
import { AnswerableError } from '../error.ts'
import { type CanonicalForm, canonicalForm } from './canonical-form.ts'
import { attributeOf, childElements, parseXml, textOf, type XmlElement } from './element.ts'

const canonical = (text: string, form: CanonicalForm = 'inclusive'): string =>
  fromUtf8(canonicalForm(parseXml(utf8(text)), form))

function codeOf(text: string | Uint8Array): string {
  try {
    parseXml(typeof text === 'string' ? utf8(text) : text)
  } catch (error) {
    assert.ok(error instanceof AnswerableError, String(error))
    return error.code
  }
  return 'read'
}

for (const [what, text, code] of [
  ['nothing', '', 'bad-endorsement'],
  ['text alone', 'a', 'bad-endorsement'],
  ['two roots', '<a/><b/>', 'bad-endorsement'],
  ['no end', '<a><b></b>', 'bad-endorsement'],
  ['crossed tags', '<a><b></a></b>', 'bad-endorsement'],
  ['a document type', '<!DOCTYPE a><a/>', 'bad-endorsement'],
  ['a document type with an entity', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', 'bad-endorsement'],
  ['an entity', '<a>&nbsp;</a>', 'bad-endorsement'],
  ['an entity in an attribute', '<a b="&e;"/>', 'bad-endorsement'],
  ['a processing instruction', '<a><?b c?></a>', 'bad-endorsement'],
  ['a processing instruction before it', '<?b c?><a/>', 'bad-endorsement'],
  ['XML 1.1', '<?xml version="1.1"?><a/>', 'bad-endorsement'],
  ['another encoding', '<?xml version="1.0" encoding="latin1"?><a/>', 'bad-endorsement'],
  ['a character that is none', '<a>&#1;</a>', 'bad-endorsement'],
  ['a null', '<a>\0</a>', 'bad-endorsement'],
  ['half a surrogate', '<a>&#xD800;</a>', 'bad-endorsement'],
  ['an attribute twice', '<a b="1" b="2"/>', 'duplicate-key'],
  [
    'an attribute twice by its namespace',
    '<a xmlns:x="u:1" xmlns:y="u:1" x:b="1" y:b="2"/>',
    'duplicate-key',
  ],
  ['a prefix that is not declared', '<x:a/>', 'bad-endorsement'],
  ['a prefix that is taken back', '<a xmlns:x="u:1"><b xmlns:x=""/></a>', 'bad-endorsement'],
  ['another namespace for xml', '<a xmlns:xml="u:1"/>', 'bad-endorsement'],
  [
    'the namespace of xml as the default',
    '<a xmlns="http://www.w3.org/XML/1998/namespace"/>',
    'bad-endorsement',
  ],
  ['a relative namespace', '<a xmlns="b"/>', 'bad-endorsement'],
  ['a name beyond ASCII', '<ä/>', 'bad-endorsement'],
  ['an attribute xml:id', '<a xml:id="b"/>', 'bad-endorsement'],
  ['an attribute without quotes', '<a b=c/>', 'bad-endorsement'],
  ['a less-than in an attribute', '<a b="<"/>', 'bad-endorsement'],
  ['the end of CDATA in text', '<a>]]></a>', 'bad-endorsement'],
  ['17 elements within one another', '<a>'.repeat(17) + '</a>'.repeat(17), 'too-deep'],
  ['16 elements within one another', '<a>'.repeat(16) + '</a>'.repeat(16), 'read'],
  ['8193 elements', `<a>${'<b/>'.repeat(8192)}</a>`, 'too-large'],
  ['257 attributes', `<a${Array.from({ length: 257 }, (_, i) => ` b${i}="" `).join('')}/>`, 'too-large'],
  ['256 attributes', `<a${Array.from({ length: 256 }, (_, i) => ` b${i}="" `).join('')}/>`, 'read'],
  ['1025 namespaces', `<a>${'<b xmlns:c="u:c"/>'.repeat(1025)}</a>`, 'too-large'],
  ['over 512 KiB', `<a>${' '.repeat(512 * 1024)}</a>`, 'too-large'],
] as const)
  test(`${what}: ${code}`, () => {
    assert.equal(codeOf(text), code)
  })

test('bytes that are no UTF-8 are none', () => {
  assert.equal(codeOf(Uint8Array.of(0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e)), 'not-utf8')
})

test('text is whole, whatever it is written with, and comments are not there', () => {
  const { children } = parseXml(utf8('<a>b&amp;<!-- c -->d<![CDATA[<e>]]>&#65;\r\nf<g/>h</a>'))
  assert.deepEqual(
    children.map(child => (typeof child === 'string' ? child : child.name)),
    ['b&d<e>A\nf', 'g', 'h'],
  )
})

test('children and text are what they are asked for as', () => {
  const root = parseXml(utf8('<a x="1" xmlns:n="u:1" n:x="2"> <b>t</b>\n</a>'))
  assert.deepEqual(childElements(root).map(textOf), ['t'])
  assert.deepEqual(
    [attributeOf(root, 'x'), attributeOf(root, 'x', 'u:1'), attributeOf(root, 'y')],
    ['1', '2', undefined],
  )
  assert.throws(() => childElements(parseXml(utf8('<a>t<b/></a>'))))
  assert.throws(() => textOf(root))
})

// The examples of Canonical XML 1.0, section 3, as far as they have no document type.
for (const [what, text, expected] of [
  ['white space', '<doc>\n   <clean>   </clean>\n   <dirty>   A   B   </dirty>\n</doc>', undefined],
  [
    'start and end tags',
    `<doc><e1   /><e2   ></e2><e3   name = "elem3"   id="elem3"   /><e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm" xmlns:b="http://www.ietf.org" xmlns:a="http://www.w3.org" xmlns="http://example.org"/><e6 xmlns="" xmlns:a="http://www.w3.org"><e7 xmlns="http://www.ietf.org"><e8 xmlns="" xmlns:a="http://www.w3.org"/></e7></e6></doc>`,
    `<doc><e1></e1><e2></e2><e3 id="elem3" name="elem3"></e3><e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I'm" attr2="all" b:attr="sorted" a:attr="out"></e5><e6 xmlns:a="http://www.w3.org"><e7 xmlns="http://www.ietf.org"><e8 xmlns=""></e8></e7></e6></doc>`,
  ],
  [
    'character modifications',
    `<doc><text>First line&#x0d;&#10;Second line</text><value>&#x32;</value><compute><![CDATA[value>"0" && value<"10" ?"valid":"error"]]></compute><compute expr='value>"0" &amp;&amp; value&lt;"10" ?"valid":"error"'>valid</compute><norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/></doc>`,
    `<doc><text>First line&#xD;\nSecond line</text><value>2</value><compute>value&gt;"0" &amp;&amp; value&lt;"10" ?"valid":"error"</compute><compute expr="value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;">valid</compute><norm attr=" '    &#xD;&#xA;&#x9;   ' "></norm></doc>`,
  ],
  ['UTF-8', '<?xml version="1.0" encoding="UTF-8"?><doc>&#169;</doc>', '<doc>©</doc>'],
  ['line ends in attributes', '<doc a="1\r\n2\t3"/>', '<doc a="1 2 3"></doc>'],
] as const)
  test(`canonical form: ${what}`, () => {
    assert.equal(canonical(text), expected ?? text)
    assert.equal(canonical(canonical(text)), canonical(text))
  })

test('what is cut out takes along what holds for it', () => {
  const root = parseXml(
    utf8(
      '<a xmlns="u:a" xmlns:b="u:b" xmlns:c="u:c" xml:lang="de" xml:space="preserve"><b:d xml:space="default"><e/></b:d></a>',
    ),
  )
  const [inner] = childElements(root) as [XmlElement]
  assert.equal(
    fromUtf8(canonicalForm(inner, 'inclusive', [root])),
    '<b:d xmlns="u:a" xmlns:b="u:b" xmlns:c="u:c" xml:lang="de" xml:space="default"><e></e></b:d>',
  )
  assert.equal(
    fromUtf8(canonicalForm(inner, 'exclusive', [root])),
    '<b:d xmlns:b="u:b" xml:space="default"><e xmlns="u:a"></e></b:d>',
  )
  assert.equal(
    fromUtf8(canonicalForm(root, 'exclusive', [], inner)),
    '<a xmlns="u:a" xml:lang="de" xml:space="preserve"></a>',
  )
})

/** The other implementation's canonical form of the same text. */
function theirs(text: string, form: CanonicalForm): string {
  const { documentElement } = new DOMParser().parseFromString(text, 'text/xml')
  const algorithm = form === 'inclusive' ? new C14nCanonicalization() : new ExclusiveCanonicalization()
  return algorithm.process(documentElement as never, {}).toString()
}

const prefix = fc.constantFrom('', 'p', 'q', 'r')
const letters = fc.constantFrom('a', 'b', 'c', 'Hash0', 'x-y', 'z.1')
const uri = fc.constantFrom('u:1', 'http://example.org/a#b', 'urn:z?x=1')
// Not what the other one has its own ideas of: carriage returns and tabs in attributes are in the examples above.
const words = fc.constantFrom(
  't',
  ' ',
  '\n',
  '&amp;',
  '&lt;',
  '&gt;',
  '"',
  "'",
  '&#169;',
  '<!-- c -->',
  '<![CDATA[<&]]>',
  'ü',
  '😀',
)
const values = fc.constantFrom('v', ' ', '&amp;', '&lt;', '>', '&quot;', "'", 'ü', '&#xA;', '')

interface Shape {
  prefix: string
  local: string
  declared: [string, string][]
  attributes: [string, string, string[]][]
  children: (Shape | string)[]
  spaces: string
  closed: boolean
}

const { element } = fc.letrec<{ element: Shape }>(tie => ({
  element: fc.record({
    prefix,
    local: letters,
    declared: fc.uniqueArray(fc.tuple(prefix, uri), { maxLength: 3, selector: ([name]) => name }),
    attributes: fc.uniqueArray(fc.tuple(prefix, letters, fc.array(values, { maxLength: 3 })), {
      maxLength: 4,
      // One of each local name, so that no two prefixes of one namespace make one attribute twice.
      selector: ([, local]) => local,
    }),
    children: fc.array(fc.oneof({ maxDepth: 4, depthSize: 'small' }, words, tie('element')), {
      maxLength: 4,
    }),
    spaces: fc.constantFrom(' ', '  ', '\n', '\t ', '\r\n'),
    closed: fc.boolean(),
  }),
}))

/** As text, in which what is not declared becomes declared where it is used. */
function write(shape: Shape, known: ReadonlySet<string>): string {
  const { prefix: own, local, declared, attributes, children, spaces } = shape
  const used = [own, ...attributes.map(([name]) => name)].filter(
    name => name !== '' && !known.has(name) && !declared.some(([one]) => one === name),
  )
  const all = [...declared, ...[...new Set(used)].map(name => [name, `u:${name}`])]
  const scope = new Set([...known, ...all.map(([name]) => name!)])
  const name = own === '' ? local : `${own}:${local}`
  const parts = [
    ...attributes.map(([p, l, v], i) => `${p === '' ? l : `${p}:${l}`}${i % 2 ? ' = ' : '='}"${v.join('')}"`),
    ...all.map(([p, u]) => (p === '' ? `xmlns="${u}"` : `xmlns:${p}='${u}'`)),
  ]
  const head = `<${[name, ...parts].join(spaces)}`
  if (children.length === 0 && shape.closed) return `${head}${spaces}/>`
  const inside = children.map(child => (typeof child === 'string' ? child : write(child, scope)))
  return `${head}>${inside.join('')}</${name}${spaces}>`
}

for (const form of ['inclusive', 'exclusive'] as const)
  test(`the ${form} form is as xml-crypto has it`, () => {
    fc.assert(
      fc.property(element, shape => {
        const text = write(shape, new Set())
        assert.equal(canonical(text, form), theirs(text, form), text)
      }),
      { numRuns: 1000 },
    )
  })
