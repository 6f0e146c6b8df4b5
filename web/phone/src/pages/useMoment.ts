import { useI18n } from 'vue-i18n'
import { moment } from './separators'

/** Says when, in the reader's language. */
export function useMoment(): (at: string, now: number) => string {
  const { t } = useI18n()
  return (at, now) => {
    const said = moment(at, now)
    if (said.kind === 'today') return said.time
    if (said.kind === 'weekday') return `${t(`phone.weekday.${said.weekday}`)} ${said.time}`
    return t(`phone.moment.${said.kind}`, { ...said })
  }
}
