import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'

/** A request that cannot be done as it was asked; the sentence is for whoever asked. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem'
  readonly statusCode: number
  /** JSON pointer to what is wrong in the body. */
  readonly pointer: string | undefined

  constructor(statusCode: number, detail: string, pointer?: string) {
    super(detail)
    this.statusCode = statusCode
    this.pointer = pointer
  }
}

const FAILED = 'failed here'

/**
 * Every error is `application/problem+json`: `status`, `title`, `detail`, and `pointer` where a
 * member of the body is wrong.
 *
 * @spec RFC 9457
 */
export function answerWithProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError & { pointer?: string }, _, reply) => {
    const { statusCode = 500, validation, validationContext, pointer } = error
    // What went wrong inside is nobody's business outside.
    if (statusCode >= 500) return sendProblem(reply, statusCode, FAILED)
    const [wrong] = validation ?? []
    if (!wrong) return sendProblem(reply, statusCode, error.message, pointer)
    const unknown = wrong.params.additionalProperty
    const what = unknown === undefined ? wrong.message : `"${unknown}" is not known`
    const where = `${validationContext}${wrong.instancePath}`
    return sendProblem(reply, 400, `${where} ${what}`, wrong.instancePath || undefined)
  })
}

/** Of an address that no route can be looked up for, which comes to no handler of errors. */
export function answerUnroutable(
  { statusCode = 500, message }: FastifyError,
  _: unknown,
  reply: FastifyReply,
): void {
  sendProblem(reply, statusCode, statusCode >= 500 ? FAILED : message)
}

/** Answers with a problem; the sentence stands in `detail`. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  pointer?: string,
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      title: STATUS_CODES[status],
      status,
      detail,
      ...(pointer !== undefined && { pointer }),
    })
}
