/** Routes that ask several models: their part of the configuration. */
import { DISSENT_POLICIES, MOST_OPINIONS, TEXT_RULES } from '@answerable/core/opinions'
import { z } from 'zod'

const name = z.string().min(1).max(256)

/** A model of another operator's gateway, which gives a receipt of its own. */
const OperatorModel = z.strictObject({
  /** Where its gateway is. */
  operator: z
    .url({ protocol: /^https?$/ })
    .max(512)
    .refine(url => !/[?#@]/.test(url), 'no query, fragment or user')
    .transform(url => url.replace(/\/+$/, '')),
  model: name,
  /** The name of the environment variable that holds its key: a key never stands in a file. */
  apiKeyEnv: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .optional(),
  /** A file with a tlog-policy, by which its receipts are checked. Without one they are on record as unchecked. */
  trust: z.string().min(1).optional(),
})

const Agreement = z
  .strictObject({
    /** An output of the Open Inference Protocol that must be equal. */
    output: name.optional(),
    /** One whose numbers may be apart by so much. */
    within: z.strictObject({ output: name, by: z.number().min(0) }).optional(),
    /** The text of an OpenAI answer. */
    text: z.enum(TEXT_RULES).optional(),
  })
  .refine(rule => Object.keys(rule).length === 1, 'expected one of output, within and text')

export const OpinionRoute = z
  .strictObject({
    /** What callers name it by. */
    model: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'letters, digits and . _ : - alone'),
    /** The first gives the answer that goes out; the others are compared with it. */
    ask: z
      .array(z.union([name, OperatorModel], 'expected the name of a model, or {operator, model}'))
      .min(2, 'a route asks at least 2')
      .max(MOST_OPINIONS, `a route asks at most ${MOST_OPINIONS}`),
    agree: Agreement,
    /** How many must agree, the first among them; all, unless told. */
    least: z.number().int().min(2).max(MOST_OPINIONS).optional(),
    /** Where fewer do. */
    onDissent: z.enum(DISSENT_POLICIES),
    /** Who decides then: a role or contact. */
    escalateTo: z.string().min(1).max(256).optional(),
    /** Until when an opinion counts. */
    seconds: z.number().positive().max(600).default(30),
  })
  .superRefine(({ model, ask, least, onDissent, escalateTo }, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (typeof ask[0] !== 'string')
      problem('ask', 'the first is a model of this gateway: its answer goes out')
    if (ask.includes(model)) problem('ask', `${model} is among its own opinions`)
    if (new Set(ask.map(one => JSON.stringify(one))).size < ask.length) problem('ask', 'one is asked twice')
    if (least !== undefined && least > ask.length) problem('least', `only ${ask.length} are asked`)
    if (onDissent === 'escalate' && escalateTo === undefined)
      problem('escalateTo', 'who decides is to be named')
    if (onDissent !== 'escalate' && escalateTo !== undefined)
      problem('escalateTo', 'nothing is escalated here: onDissent is another')
  })

export const OpinionRoutes = z
  .array(OpinionRoute)
  .max(64)
  .refine(routes => new Set(routes.map(({ model }) => model)).size === routes.length, 'two of one name')
  .default([])

export type OpinionRouteConfig = z.infer<typeof OpinionRoute>
export type OperatorModelConfig = z.infer<typeof OperatorModel>
