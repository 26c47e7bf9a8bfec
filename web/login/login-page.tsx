import { type FormEvent, useState } from 'react'
import { logIn } from '../live/log-in.ts'
import { useSession } from '../live/use-session.ts'
import buttons from '../shell/button.module.css'
import forms from '../shell/form.module.css'
import { text } from '../text/text.ts'
import styles from './login-page.module.css'

const words = text.login

/** What whoever is not known yet sees, at every address. */
export function LoginPage() {
  const { problem } = useSession()
  const [isSent, setSent] = useState(false)
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault()
    const said = new FormData(event.currentTarget)
    setSent(true)
    await logIn({ name: String(said.get('name')), password: String(said.get('password')) })
    setSent(false)
  }
  return (
    <main className={styles.page} data-room="login">
      <h1 className={styles.product}>{text.product}</h1>
      <form className={styles.form} onSubmit={submit}>
        <label className={forms.field}>
          <span className={forms.label}>{words.name}</span>
          <input className={forms.input} name="name" autoComplete="username" required />
        </label>
        <label className={forms.field}>
          <span className={forms.label}>{words.password}</span>
          <input
            className={forms.input}
            name="password"
            type="password"
            autoComplete="current-password"
            required
          />
        </label>
        <p>
          <button type="submit" className={buttons.primary} disabled={isSent}>
            {words.submit}
          </button>
        </p>
        {problem !== undefined && !isSent && (
          <p className={forms.problem} role="alert">
            {words.refused(problem)}
          </p>
        )}
      </form>
      <p className={styles.how}>
        {words.how} <code>wattweave login FILE</code>
        <br />
        {words.once}
      </p>
    </main>
  )
}
