import { type FormEvent, useId, useState } from 'react'
import type { ReservationPage, ReservationView, TokenPage } from '../../src/http/live-api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { AskButton, type Asked, AskedNote, useAsked } from '../operations/asked.tsx'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { FormField, localMoment, momentOf } from '../shell/form-field.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import { EvseField } from './evse-field.tsx'
import type { OfStation } from './part.tsx'
import styles from './station-page.module.css'
import { stationApi } from './station-path.ts'

const words = text.stations.reservations
const MAX_SHOWN = 20
const HOUR_MS = 3_600_000

/** Who has reserved what at a station, and the form that reserves. */
export function StationReservations({ of }: { of: OfStation }) {
  const asked = useAsked()
  const [cancelling, setCancelling] = useState<ReservationView>()
  const mayReserve = useMay('operator')
  const path = `/api/reservations?${new URLSearchParams({ station: of.id, limit: `${MAX_SHOWN}` })}`
  const { data } = useResource<ReservationPage>(path, of.version)
  if (!data) return <p className={styles.note}>{text.transactions.waiting}</p>
  const isOpen = ({ state }: ReservationView) => state === 'reserved'
  // They come as they are to be shown: open ones first, then those that changed last.
  const shown = data.reservations.slice(0, MAX_SHOWN)
  return (
    <>
      {shown.length === 0 && (
        <p className={styles.note} data-empty="reservations">
          {mayReserve ? words.empty : words.emptyForViewers}
        </p>
      )}
      <ul className={styles.rows}>
        {shown.map((one) => (
          <li key={one.reservationId} data-reservation={one.reservationId} data-state={one.state}>
            <b>{one.evseId === undefined ? words.anyEvse : text.evse.name(one.evseId)}</b>
            <code>{one.token}</code>
            <span className={styles.grow}>{words.states[one.state]}</span>
            <span className={styles.soft}>
              {words.until} <DayMoment iso={one.expiresAt} />
            </span>
            {mayReserve && isOpen(one) && (
              <AskButton
                label={words.cancel}
                isSent={asked.isSent}
                onClick={() => setCancelling(one)}
              />
            )}
          </li>
        ))}
      </ul>
      {mayReserve && <ReserveForm of={of} asked={asked} />}
      <AskedNote asked={asked} isPlaced={asked.problem?.pointer === '/expiresAt'} />
      <AskFirst
        question={cancelling && words.askCancel(cancelling.reservationId, of.id)}
        doIt={words.cancel}
        onNo={() => setCancelling(undefined)}
        onYes={() => {
          setCancelling(undefined)
          void asked.send(
            'DELETE',
            `${stationApi(of.id)}/reservations/${cancelling?.reservationId}`,
          )
        }}
      />
    </>
  )
}

function ReserveForm({ of, asked }: { of: OfStation; asked: Asked }) {
  const [search, setSearch] = useState('')
  const id = useId()
  const query = new URLSearchParams({
    limit: '100',
    ...(search.trim() && { search: search.trim() }),
  })
  const { data } = useResource<TokenPage>(`/api/tokens?${query}`, of.version)
  if (!data) return null
  if (data.count === 0) return <p className={styles.note}>{words.noTokens}</p>
  const isLong = data.next !== undefined || search !== ''

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const evseId = Number(form.get('evseId'))
    void asked.send('POST', `${stationApi(of.id)}/reservations`, {
      ...(evseId > 0 && { evseId }),
      tokenId: Number(form.get('tokenId')),
      expiresAt: momentOf(String(form.get('expiresAt'))),
    })
  }

  return (
    <form className={forms.form} onSubmit={submit} aria-label={words.reserve}>
      {isLong && (
        <input
          className={`${forms.input} ${styles.search}`}
          type="search"
          aria-label={text.tokens.find}
          placeholder={text.tokens.findHint}
          maxLength={100}
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
      )}
      <div className={forms.pair}>
        <div className={forms.field}>
          <label className={forms.label} htmlFor={`${id}-token`}>
            {text.tokens.one}
          </label>
          <select id={`${id}-token`} className={forms.input} name="tokenId" required>
            {data.tokens.map(({ id, idToken, fingerprint, note }) => (
              <option key={id} value={id}>
                {[idToken ?? fingerprint, note].filter(Boolean).join(', ')}
              </option>
            ))}
          </select>
        </div>
        <EvseField
          id={`${id}-evse`}
          label={words.place}
          zero={words.anyEvse}
          evseIds={of.evseIds}
        />
        <FormField
          name="expiresAt"
          label={words.untilLabel}
          type="datetime-local"
          step="1"
          initial={localMoment(new Date(Date.now() + HOUR_MS).toISOString())}
          problem={asked.problem?.pointer === '/expiresAt' ? asked.problem.detail : undefined}
          required
        />
      </div>
      <p className={forms.buttons}>
        <button type="submit" className={buttons.button} disabled={asked.isSent}>
          {words.reserve}
        </button>
      </p>
    </form>
  )
}
