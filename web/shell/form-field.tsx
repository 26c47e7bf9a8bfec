import { useId } from 'react'
import forms from './form.module.css'

/** A field of a form with its label, and what is wrong with it. */
export function FormField(props: {
  name: string
  label: string
  initial?: string | undefined
  problem?: string | undefined
  type?: 'text' | 'number' | 'datetime-local'
  step?: string
  min?: string
  required?: boolean
}) {
  const { name, label, initial = '', problem, type = 'text', step, min, required = false } = props
  const id = useId()
  return (
    <div className={forms.field}>
      <label className={forms.label} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className={forms.input}
        name={name}
        type={type}
        {...(step !== undefined && { step })}
        {...(min !== undefined && { min })}
        defaultValue={initial}
        required={required}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${id}-problem`}
      />
      {problem !== undefined && (
        <p className={forms.problem} id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  )
}

/** What `datetime-local` says as RFC 3339; what is none stays as it was written. */
export function momentOf(local: string): string {
  const moment = new Date(local)
  return Number.isNaN(moment.getTime()) ? local : moment.toISOString()
}

/** A moment as `datetime-local` wants it: without a zone, in that of the browser. */
export function localMoment(iso: string): string {
  const moment = new Date(iso)
  if (Number.isNaN(moment.getTime())) return ''
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
