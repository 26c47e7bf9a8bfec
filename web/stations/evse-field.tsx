import forms from '../shell/form.module.css'
import { text } from '../text/text.ts'

/** Chooses an EVSE of a station by its number, or 0: any of them, or all. */
export function EvseField({
  id,
  label,
  zero,
  evseIds,
}: {
  readonly id: string
  readonly label: string
  readonly zero: string
  readonly evseIds: readonly number[]
}) {
  return (
    <div className={forms.field}>
      <label className={forms.label} htmlFor={id}>
        {label}
      </label>
      <select id={id} className={forms.input} name="evseId">
        <option value="0">{zero}</option>
        {evseIds.map((evseId) => (
          <option key={evseId} value={evseId}>
            {text.evse.name(evseId)}
          </option>
        ))}
      </select>
    </div>
  )
}
