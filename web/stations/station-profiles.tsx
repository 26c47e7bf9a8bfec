import { useState } from 'react'
import type { ProfilePage, TransactionView } from '../../src/http/live-api.ts'
import { useResource } from '../live/use-resource.ts'
import { useMay } from '../live/use-session.ts'
import { AskButton, type Asked, AskedNote, useAsked } from '../operations/asked.tsx'
import { AskFirst } from '../shell/ask-first.tsx'
import { DayMoment } from '../shell/moment.tsx'
import { text } from '../text/text.ts'
import { LimitForm } from './limit-form.tsx'
import { limitOf, limitOutline, limitWords } from './limits.ts'
import type { OfStation } from './part.tsx'
import styles from './station-page.module.css'
import { stationApi } from './station-path.ts'

const words = text.stations.profiles
type Profile = ProfilePage['profiles'][number]

/** What limits a station, who set it, and the form that sets another one. */
export function StationProfiles(props: { of: OfStation; running: readonly TransactionView[] }) {
  const { of, running } = props
  const asked = useAsked()
  const [removing, setRemoving] = useState<Profile>()
  const mayChange = useMay('technician')
  const path = `/api/profiles?${new URLSearchParams({ station: of.id, limit: '500' })}`
  const { data } = useResource<ProfilePage>(path, of.version)
  if (!data) return <p className={styles.note}>{text.transactions.waiting}</p>
  const remove = (profile: Profile) => {
    setRemoving(undefined)
    void asked.send('DELETE', `${stationApi(of.id)}/profiles/${profile.profileId}`)
  }
  return (
    <>
      {data.profiles.length === 0 && (
        <p className={styles.note} data-empty="profiles">
          {mayChange ? words.empty : words.emptyForViewers}
        </p>
      )}
      <ul className={styles.rows}>
        {data.profiles.map((profile) => (
          <ProfileItem
            key={profile.profileId}
            profile={profile}
            asked={asked}
            onRemove={
              mayChange && profile.purpose !== 'ChargingStationExternalConstraints'
                ? () => (running.length > 0 ? setRemoving(profile) : remove(profile))
                : undefined
            }
          />
        ))}
      </ul>
      {mayChange && <LimitForm of={of} known={data.profiles} running={running} asked={asked} />}
      <AskedNote asked={asked} isPlaced={asked.problem?.pointer?.startsWith('/periods') === true} />
      <AskFirst
        question={removing && words.askRemove(removing.profileId, of.id, running.length)}
        doIt={words.remove}
        onNo={() => setRemoving(undefined)}
        onYes={() => removing && remove(removing)}
      />
    </>
  )
}

function ProfileItem(props: {
  profile: Profile
  asked: Asked
  onRemove: (() => void) | undefined
}) {
  const { profile, asked, onRemove } = props
  const { profileId, evseId, purpose, stackLevel, source, transactionId, changedAt } = profile
  const limit = limitOf(profile.profile)
  return (
    <li data-profile={profileId} data-purpose={purpose}>
      <b>{evseId === 0 ? words.wholeStation : text.evse.name(evseId)}</b>
      <span>{purposeWords(purpose)}</span>
      {transactionId !== undefined && (
        <span className={styles.soft}>{text.stations.transaction(transactionId)}</span>
      )}
      <span className={styles.sentence}>{limit ? limitWords(limit) : words.notReadable}</span>
      {limit && limit.steps.length > 1 && (
        <svg className={styles.steps} viewBox="0 0 100 30" aria-hidden="true">
          <path d={limitOutline(limit)} />
        </svg>
      )}
      <span className={styles.soft}>
        {words.level(stackLevel)}, {sourceWords(source)}
      </span>
      <DayMoment iso={changedAt} />
      {onRemove && <AskButton label={words.remove} isSent={asked.isSent} onClick={onRemove} />}
    </li>
  )
}

function purposeWords(purpose: string): string {
  const known: Readonly<Record<string, string>> = words.purposes
  return (Object.hasOwn(known, purpose) && known[purpose]) || purpose
}

function sourceWords(source: string): string {
  const known: Readonly<Record<string, string>> = words.sources
  return words.setBy((Object.hasOwn(known, source) && known[source]) || source)
}
