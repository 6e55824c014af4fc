/** Text from evidence as it may reach a screen: bounded, and without what a terminal or a page would obey. */
const MOST = 256

export function shownText(text: string, most = MOST): string {
  const plain = text.slice(0, most).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
  return text.length > most ? `${plain}…` : plain
}
