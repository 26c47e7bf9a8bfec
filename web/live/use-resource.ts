import { useEffect, useRef, useState } from 'react'
import { ask } from './api.ts'

/** What was read of the API last, and how the last try went. */
export interface Resource<T> {
  /** The newest answer; it stays while another is on its way or cannot be had. */
  readonly data: T | undefined
  /** What `data` answers. */
  readonly path: string | undefined
  /** HTTP status of the last try where it failed, 0 when the node was not reached. */
  readonly failure: number | undefined
}

/** `GET path`, read again whenever `version` changes. Without a path nothing is read. */
export function useResource<T>(path: string | undefined, version = 0): Resource<T> {
  const [resource, setResource] = useState<Resource<T>>({
    data: undefined,
    path: undefined,
    failure: undefined,
  })
  const asked = useRef(0)
  const shown = useRef(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is to be read
  useEffect(() => {
    if (path === undefined) return
    const order = ++asked.current
    ask<T>('GET', path).then((answer) => {
      // Answers may overtake each other.
      if (order < shown.current) return
      shown.current = order
      setResource((old) =>
        'data' in answer
          ? { data: answer.data, path, failure: undefined }
          : { ...old, failure: answer.problem.status },
      )
    })
  }, [path, version])
  return resource
}
