/** The canonical arithmetic in TypeScript: operators repeated to the bit, a part of one output at a time. */
export { multiplyAdds, NEWEST_OPSET, OLDEST_OPSET, REFEREE_OPERATORS, referee } from './arithmetic.ts'
