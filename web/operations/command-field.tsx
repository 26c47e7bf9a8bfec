import { useId } from 'react'
import type { TransactionView } from '../../src/http/live-api.ts'
import forms from '../shell/form.module.css'
import { formatEnergy, join } from '../text/format.ts'
import { text } from '../text/text.ts'
import type { Field } from './commands.ts'
import { TokenInput } from './token-input.tsx'

const words = text.commands

/** One field of an operation, with what is wrong with it. */
export function CommandField(props: {
  field: Field
  value: string
  running: readonly TransactionView[]
  problem: string | undefined
  onChange: (value: string) => void
}) {
  const { field, value, running, problem, onChange } = props
  const id = useId()
  const common = {
    id,
    name: field.name,
    className: forms.input,
    value,
    required: !field.isOptional,
    'aria-invalid': problem !== undefined,
    'aria-describedby': problem === undefined ? undefined : `${id}-problem`,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  }
  return (
    <div className={forms.field} data-kind={field.kind}>
      <label className={forms.label} htmlFor={id}>
        {field.isOptional ? words.optional(words.fields[field.name]) : words.fields[field.name]}
      </label>
      <Control field={field} running={running} common={common} />
      {problem !== undefined && (
        <p className={forms.problem} id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  )
}

type Common = React.ComponentProps<'input'> &
  React.ComponentProps<'select'> &
  React.ComponentProps<'textarea'>

function Control(props: {
  field: Field
  running: readonly TransactionView[]
  common: Pick<Common, 'name' | 'className' | 'value' | 'required' | 'onChange'> & { id: string }
}) {
  const { field, running, common } = props
  if (field.kind === 'json') return <textarea {...common} spellCheck={false} rows={6} />
  if (field.kind === 'choice') {
    return (
      <select {...common}>
        {field.options?.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    )
  }
  if (field.kind === 'running') {
    return (
      <select {...common}>
        {running.length === 0 && <option value="">{words.nothingRuns}</option>}
        {running.map((one) => (
          <option key={one.number} value={one.transactionId}>
            {runningWords(one)}
          </option>
        ))}
      </select>
    )
  }
  if (field.kind === 'token') return <TokenInput {...common} />
  const types = { number: 'number', moment: 'datetime-local', text: 'text' } as const
  return <input {...common} type={types[field.kind]} autoComplete="off" spellCheck={false} />
}

/** `17, EVSE 1, 4.20 kWh`. */
function runningWords({ transactionId, evseId, energyWh }: TransactionView): string {
  const parts = [transactionId]
  if (evseId !== undefined) parts.push(text.evse.name(evseId))
  if (energyWh !== undefined) parts.push(join(formatEnergy(energyWh)))
  return parts.join(', ')
}
