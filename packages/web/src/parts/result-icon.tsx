import type { Look } from '../lib/words.ts'

/** Each result has a shape of its own. Says nothing to screen readers: a word goes with it. */
export function ResultIcon({ look }: { look: Look }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {SHAPES[look]}
    </svg>
  )
}

const SHAPES = {
  pass: (
    <>
      <circle className="solid" cx="10" cy="10" r="9" />
      <path className="cut" d="M5.8 10.300l2.900 2.900 5.600-6" />
    </>
  ),
  said: (
    <>
      <path className="line" d="M3 3.500h14v9.500H9.500L5.500 17v-4H3z" />
      <path className="line" d="M6.500 7h7M6.500 9.800h4.500" />
    </>
  ),
  'not-checked': (
    <>
      <circle className="line dashed" cx="10" cy="10" r="8" />
      <path className="line" d="M6.500 10h7" />
    </>
  ),
  fail: (
    <>
      <path className="solid" d="M6.300 1h7.400L19 6.300v7.400L13.700 19H6.300L1 13.700V6.300z" />
      <path className="cut" d="M6.700 6.700l6.600 6.600M13.300 6.700l-6.600 6.600" />
    </>
  ),
}
