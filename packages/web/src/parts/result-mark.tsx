import { LOOK_WORDS, type Look } from '../lib/words.ts'
import { ResultIcon } from './result-icon.tsx'

/** A result as shape and word; the colour only helps. */
export function ResultMark({ look }: { look: Look }) {
  return (
    <span className={`mark mark-${look}`}>
      <ResultIcon look={look} />
      {LOOK_WORDS[look]}
    </span>
  )
}
