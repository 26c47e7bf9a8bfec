import { type FormEvent, useId, useState } from 'react'
import type { ProfilePage, TransactionView } from '../../src/http/live-api.ts'
import type { Asked } from '../operations/asked.tsx'
import { AskFirst } from '../shell/ask-first.tsx'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { FormField, localMoment, momentOf } from '../shell/form-field.tsx'
import { formatMeasured, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import { EvseField } from './evse-field.tsx'
import { type LimitWish, profileBody } from './limits.ts'
import type { OfStation } from './part.tsx'
import { stationApi } from './station-path.ts'

const words = text.stations.profiles

/** Limits a station or an EVSE to so much, from now on or between two times. */
export function LimitForm(props: {
  of: OfStation
  known: ProfilePage['profiles']
  running: readonly TransactionView[]
  asked: Asked
}) {
  const { of, known, running, asked } = props
  const [isTimed, setTimed] = useState(false)
  const [pending, setPending] = useState<LimitWish>()
  const id = useId()
  const problem = asked.problem?.pointer?.startsWith('/periods') ? asked.problem.detail : undefined

  function set(wish: LimitWish): void {
    setPending(undefined)
    void asked.send('POST', `${stationApi(of.id)}/profiles`, profileBody(wish, known))
  }

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    const wish = wishOf(new FormData(event.currentTarget))
    if (wish.to !== undefined && !(Date.parse(wish.to) > Date.parse(wish.from))) {
      return asked.refuse({ status: 422, detail: words.endsBeforeStart })
    }
    if (concerned(wish, running).length > 0) setPending(wish)
    else set(wish)
  }

  const question =
    pending &&
    words.askLimit(
      pending.evseId === 0 ? of.id : text.commands.evseOf(String(pending.evseId), of.id),
      join(formatMeasured(pending.limit, pending.unit)),
      concerned(pending, running).length,
    )
  return (
    <form className={forms.form} onSubmit={submit} aria-label={words.set}>
      <div className={forms.pair}>
        <EvseField
          id={`${id}-place`}
          label={words.place}
          zero={words.wholeStation}
          evseIds={of.evseIds}
        />
        <div className={forms.field}>
          <label className={forms.label} htmlFor={`${id}-when`}>
            {words.when}
          </label>
          <select
            id={`${id}-when`}
            className={forms.input}
            value={isTimed ? 'timed' : 'standing'}
            onChange={({ target }) => setTimed(target.value === 'timed')}
          >
            <option value="standing">{words.fromNow}</option>
            <option value="timed">{words.between}</option>
          </select>
        </div>
        <FormField
          name="limit"
          label={words.limit}
          type="number"
          min="0"
          step="any"
          required
          problem={problem}
        />{' '}
        {/* biome-ignore format: one line */}
        <div className={forms.field}>
          <label className={forms.label} htmlFor={`${id}-unit`}>
            {words.unit}
          </label>
          <select id={`${id}-unit`} className={forms.input} name="unit">
            <option value="A">{words.units.A}</option>
            <option value="W">{words.units.W}</option>
          </select>
        </div>
        {isTimed && (
          <>
            <FormField
              name="from"
              label={words.fromLabel}
              type="datetime-local"
              step="1"
              initial={inHours(0)}
              required
            />{' '}
            {/* biome-ignore format: one line */}
            <FormField name="to" label={words.toLabel} type="datetime-local" step="1" initial={inHours(1)} required />{' '}
            {/* biome-ignore format: one line */}
          </>
        )}
      </div>
      <p className={forms.buttons}>
        <button type="submit" className={buttons.button} disabled={asked.isSent}>
          {words.set}
        </button>
      </p>
      <AskFirst
        question={question}
        doIt={words.set}
        onNo={() => setPending(undefined)}
        onYes={() => pending && set(pending)}
      />
    </form>
  )
}

function wishOf(form: FormData): LimitWish {
  const said = (name: string) => String(form.get(name) ?? '')
  const isTimed = form.has('to')
  return {
    evseId: Number(said('evseId')),
    limit: Number(said('limit')),
    unit: said('unit') === 'W' ? 'W' : 'A',
    from: isTimed ? momentOf(said('from')) : new Date().toISOString(),
    to: isTimed ? momentOf(said('to')) : undefined,
  }
}

function concerned({ evseId }: LimitWish, running: readonly TransactionView[]) {
  return evseId === 0 ? running : running.filter((one) => one.evseId === evseId)
}

function inHours(hours: number): string {
  return localMoment(new Date(Date.now() + hours * 3_600_000).toISOString())
}
