import { createAuthority } from '../../test/support/certificates.ts'

/** A certificate of 127.0.0.1 made for one run. */
export interface Certificate {
  /** Who issued it, PEM. */
  readonly authority: string
  /** Contents by file name. */
  readonly files: Record<string, string>
  /** What a listener's `tls` says in a configuration beside these files. */
  readonly tls: { readonly certificateFile: string; readonly keyFile: string }
}

export async function issueCertificate(): Promise<Certificate> {
  const authority = await createAuthority('Bench CA')
  const { certificate, key } = await authority.issue({ addresses: ['127.0.0.1'] })
  return {
    authority: authority.certificate,
    files: {
      'certificate.pem': certificate,
      'key.pem': key.reveal(),
      'authority.pem': authority.certificate,
    },
    tls: { certificateFile: 'certificate.pem', keyFile: 'key.pem' },
  }
}
