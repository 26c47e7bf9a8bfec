import type { TokenPage } from '../../src/http/live-api.ts'
import { useResource } from '../live/use-resource.ts'

/** An id token: any may be written, those that are entered are offered with their notes. */
export function TokenInput(props: React.ComponentProps<'input'> & { readonly id: string }) {
  const { data } = useResource<TokenPage>('/api/tokens?limit=100')
  const list = `${props.id}-known`
  return (
    <>
      <input {...props} list={list} autoComplete="off" spellCheck={false} />
      <datalist id={list}>
        {data?.tokens.map(({ id, idToken, note }) =>
          idToken === undefined ? null : <option key={id} value={idToken} label={note} />,
        )}
      </datalist>
    </>
  )
}
