import { Component, type ReactNode } from 'react'
import { text } from '../text/text.ts'
import styles from './boundary.module.css'
import buttons from './button.module.css'

interface State {
  readonly why: string | undefined
}

/**
 * One part of the page: where it cannot be drawn, it says so and the rest goes on. React knows no
 * other form of it than a class.
 */
export class Boundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { why: undefined }

  static getDerivedStateFromError(error: unknown): State {
    return { why: error instanceof Error ? error.message : String(error) }
  }

  override render(): ReactNode {
    const { why } = this.state
    if (why === undefined) return this.props.children
    return (
      <div className={styles.broken} role="alert" data-broken="">
        <p>{text.broken.what(why)}</p>
        <p>{text.broken.next}</p>
        <button
          type="button"
          className={buttons.button}
          onClick={() => this.setState({ why: undefined })}
        >
          {text.broken.again}
        </button>
      </div>
    )
  }
}
