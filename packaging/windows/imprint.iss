; Inno Setup 6.3 or newer: iscc /DVersion=0.1.0 packaging\windows\imprint.iss
; For one user, without an administrator. What it installs is dist\Imprint, made by `bundle`.
#ifndef Version
  #error Say which version: iscc /DVersion=0.1.0 imprint.iss
#endif

[Setup]
AppId={{6C9E6C1E-3D0B-4B6E-9B57-3C5A0C5B1F42}
AppName=Imprint
AppVersion={#Version}
AppPublisher=The Imprint authors
DefaultDirName={autopf}\Imprint
DefaultGroupName=Imprint
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
LicenseFile=..\..\LICENSE
OutputDir=..\..\dist
OutputBaseFilename=Imprint-{#Version}-windows-setup
SetupIconFile=..\..\build\icons\imprint.ico
UninstallDisplayIcon={app}\imprint.exe
Compression=lzma2/normal
SolidCompression=yes
ChangesAssociations=yes
CloseApplications=yes
WizardStyle=modern

[Tasks]
Name: desktopicon; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked

[Files]
Source: "..\..\dist\Imprint\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[InstallDelete]
; An older version's libraries must not lie among the new ones.
Type: filesandordirs; Name: "{app}\_internal"

[UninstallDelete]
; What the window may have fetched for a graphics card: gigabytes that only this program uses.
Type: filesandordirs; Name: "{localappdata}\imprint\card-pack"

[Icons]
Name: "{group}\Imprint"; Filename: "{app}\imprint.exe"; AppUserModelID: "Imprint.Imprint"
Name: "{autodesktop}\Imprint"; Filename: "{app}\imprint.exe"; Tasks: desktopicon; AppUserModelID: "Imprint.Imprint"

[Registry]
Root: HKA; Subkey: "Software\Classes\.imprint"; ValueType: string; ValueData: "Imprint.Project"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\Imprint.Project"; ValueType: string; ValueData: "Imprint project"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Imprint.Project\DefaultIcon"; ValueType: string; ValueData: "{app}\imprint.exe,0"
Root: HKA; Subkey: "Software\Classes\Imprint.Project\shell\open\command"; ValueType: string; ValueData: """{app}\imprint.exe"" ""%1"""
; Models: offered under Open with, never taken from the program that has them.
Root: HKA; Subkey: "Software\Classes\.safetensors\OpenWithProgids"; ValueType: string; ValueName: "Imprint.Model"; ValueData: ""; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\Imprint.Model"; ValueType: string; ValueData: "Weights of a model"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Imprint.Model\shell\open\command"; ValueType: string; ValueData: """{app}\imprint.exe"" ""%1"""

[Run]
Filename: "{app}\imprint.exe"; Description: "{cm:LaunchProgram,Imprint}"; Flags: nowait postinstall skipifsilent
